"""Recorded trades: pure parsers of text and bytes; who opens files is somebody else."""

from robson_connectors.recording.frames import parse_frames
from robson_connectors.recording.parquet import parse_columns, parse_parquet
from robson_connectors.recording.recorded import Recording, unpacked
from robson_connectors.recording.sizes import WELL_KNOWN, infer_sizes, instrument_for
from robson_connectors.recording.trades_csv import pairs_in_csv, parse_trades_csv

__all__ = [
    "WELL_KNOWN",
    "Recording",
    "infer_sizes",
    "instrument_for",
    "pairs_in_csv",
    "parse_columns",
    "parse_frames",
    "parse_parquet",
    "parse_trades_csv",
    "unpacked",
]
