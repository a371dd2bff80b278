"""Row level security in DDL: what a migration says so that a table keeps tenants apart.

Three kinds of login meet these policies: the service's own role (its tenant's rows alone, by the setting that
a unit of work makes), its `_system` role (claims work across tenants, on named columns of named tables), and
the owner, who migrates and may write only the rows shipped with the product, those without a tenant.
"""

TENANT_SETTING = "app.tenant_id"
CURRENT_TENANT = f"nullif(current_setting('{TENANT_SETTING}', true), '')::uuid"


def keep_tenants_apart(table: str) -> list[str]:
    """Statements after which a table shows each tenant its own rows, even to the table's owner."""
    return [
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
        f"CREATE POLICY tenant ON {table} USING (tenant_id = {CURRENT_TENANT}) "
        f"WITH CHECK (tenant_id = {CURRENT_TENANT})",
    ]


def share_product_rows(table: str) -> list[str]:
    """Statements after which rows without a tenant are read by all and written by the owner alone."""
    return [
        *keep_tenants_apart(table),
        f"CREATE POLICY product_read ON {table} FOR SELECT USING (tenant_id IS NULL)",
        f"CREATE POLICY product_write ON {table} TO CURRENT_USER "
        f"USING (tenant_id IS NULL) WITH CHECK (tenant_id IS NULL)",
    ]


def let_owner_list(table: str) -> str:
    """The statement after which the owner reads all tenants' rows of a table that says nothing but who they
    are."""
    return f"CREATE POLICY audit ON {table} FOR SELECT TO CURRENT_USER USING (true)"


def let_system_work(
    table: str, role: str, *, read: tuple[str, ...], write: tuple[str, ...] = (), delete: bool = False
) -> list[str]:
    """Statements after which a service's system login sees the named columns of all tenants' rows."""
    grants = [f"GRANT SELECT ({', '.join(read)}) ON {table} TO {role}"]
    if write:
        grants.append(f"GRANT UPDATE ({', '.join(write)}) ON {table} TO {role}")
    if delete:
        grants.append(f"GRANT DELETE ON {table} TO {role}")
    return [f"CREATE POLICY system ON {table} TO {role} USING (true) WITH CHECK (true)", *grants]
