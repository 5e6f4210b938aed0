"""Speed as ratios: every figure stands beside a peer or a floor measured in the same run."""
