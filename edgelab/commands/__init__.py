"""The commands of `edgelab`: beside what each does stand its arguments and its help."""
