"""Every trading decision of Robson, pure: sizing, the trailing stop, risk, simulation."""
