"""What people can ask: one handler a command, whose signature is the command."""
