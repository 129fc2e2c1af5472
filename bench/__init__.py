"""How fast TradeDash is, beside what else one could have built: `make bench`."""
