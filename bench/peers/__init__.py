"""What TradeDash is compared with: small servers, each written as its own documentation teaches."""
