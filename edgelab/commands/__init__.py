"""What each subcommand of `edgelab` does."""
