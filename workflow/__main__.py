"""`python -m workflow` is the command `tertial`."""

from workflow.cli import main

if __name__ == "__main__":
    main()
