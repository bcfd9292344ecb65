"""What the product decides, without I/O: facts as frozen dataclasses, decisions as functions."""
