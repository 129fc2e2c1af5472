"""How templates say prices, quantities, changes and lines."""
