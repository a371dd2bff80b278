"""The architect's migrations, forward only, in its own schema; and the drivers shipped with the product."""

from services.architect.store.product_drivers import seed

__all__ = ["seed"]
