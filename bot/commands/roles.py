"""What a person is here, and the role lists that may say otherwise than the platform."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum


class Standing(StrEnum):
    """What the platform says a person is here, asked when the request was made."""

    ADMIN = "admin"
    MEMBER = "member"
    GUEST = "guest"


@dataclass(frozen=True, slots=True)
class Roles:
    """The role lists: ids of persons (`platform/workspace/user`) and of roles (`platform/workspace/role:id`).

    `operators` None: there is no list, and the platform's standing counts. With one, whoever is not on it acts as a
    guest."""

    admins: frozenset[str] = frozenset()
    operators: frozenset[str] | None = None

    def standing(self, ids: AbstractSet[str], said: Standing) -> Standing:
        """What somebody of these ids is, of whom the platform says `said`."""
        if ids & self.admins:
            return Standing.ADMIN
        if self.operators is not None:
            return Standing.MEMBER if ids & self.operators else Standing.GUEST
        return said
