"""The engine `tiny`: a small transformer in NumPy that learns from a recipe's chats on one core.

A training program of its own (`python -m bot.trainer.tiny train`) and the worker that answers from its
checkpoints (`python -m bot.trainer.tiny answer`). It needs nothing but the standard library and NumPy.
What it leaves out: pretrained weights, LoRA, graphics cards, resuming. It trains all weights from a base
of fixed random numbers, which is enough for sorting short texts and for nothing that needs knowledge.
"""
