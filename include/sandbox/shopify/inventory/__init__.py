"""What apps may do to stock: adjust, set, move, activate; each mutation's rules and how GraphQL sees them.

Every mutation goes the same way, in an order of checks that is recorded in part (docs/emulator.md): what the GraphQL
layer checks (document, variables, 250 rows, access, directive, the compare's key), the key, then name, reason and
documents, then items, locations and bounds (all errors of one stage together), then the compare, then the change.
"""
