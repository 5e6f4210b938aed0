"""The running machine of Robson: one inbox, one consumer, orders executed exactly once."""
