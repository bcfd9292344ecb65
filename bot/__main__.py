"""`python -m bot` is `trainbot`."""

from bot.cli import main

if __name__ == "__main__":
    main()
