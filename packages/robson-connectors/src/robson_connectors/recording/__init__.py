"""Recorded trades: pure parsers of text and bytes; who opens files is somebody else."""
