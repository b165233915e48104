"""A small learning platform to put behind a gateway: one institution, real answers, nothing from the product."""
