"""Which checkpoints are sampled: evenly spaced, at most the recipe's limit, the last one always."""

from bot.domain.recipes import Recipe


def planned(total_steps: int, save_steps: int, limit: int) -> tuple[int, ...]:
    """The steps to sample when all checkpoints are known beforehand, rising; at most `limit` of them."""
    count = -(-total_steps // save_steps)  # never listed: a service may name any total
    kept = max(min(limit, count), 0)
    return tuple(min(round((index + 1) * count / kept) * save_steps, total_steps) for index in range(kept))


def wanted(step: int, sampled: tuple[int, ...], recipe: Recipe, total_steps: int | None) -> bool:
    """Whether the checkpoint at `step` is sampled when it arrives. The last one is seen to when the run completes.

    Where the plan is not known, the gaps grow by a half from one sample to the next, so that a run of unknown
    length is covered. Before the end one place is always kept for the last checkpoint.
    """
    limit = recipe.samples.checkpoints
    if len(sampled) >= limit:
        return False
    save_steps = recipe.settings.get("save_steps")
    if total_steps and isinstance(save_steps, int) and not isinstance(save_steps, bool):
        if step >= total_steps:
            return True
        reached = [target for target in planned(total_steps, save_steps, limit) if target <= step]
        return len(sampled) < limit - 1 and bool(reached) and reached[-1] > max(sampled, default=0)
    if len(sampled) >= limit - 1:
        return False
    return not sampled or step >= sampled[-1] * (1.5 if len(sampled) > limit // 2 else 1)
