"""The field: profiles and families as tables, and the adapters that read them."""
