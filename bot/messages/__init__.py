"""What we say: a model of meaning, and one function a message. No platform's dialect, no I/O."""
