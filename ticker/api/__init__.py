"""Who comes in by REST: programs that read pairs, prices and history."""
