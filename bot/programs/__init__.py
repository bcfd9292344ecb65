"""What the command line runs: one module a command, each a coroutine that ends when its `stop` is set."""
