"""The sandbox: runs code that nobody trusts, and judges it where that code cannot reach. Standard library only."""
