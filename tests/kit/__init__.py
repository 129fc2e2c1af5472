"""The words that tests are written in: builders, real servers, clients."""
