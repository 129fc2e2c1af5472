"""What a market is: plain values and pure functions. No Django, Redis, await, clock or randomness of its own."""
