"""The page: what people see of a site in a browser. It reads and asks, as the API does."""
