"""What must hold of tables, grants and functions in the services' schemas, as queries for what does not.

`:schemas` are the services' keys, which are their schemas and runtime logins too.
"""

# Tables of the services, with the columns of a constraint by name.
_TABLES = """
    SELECT c.oid, n.nspname AS schema, c.relname AS name, c.relowner, c.relrowsecurity, c.relforcerowsecurity,
        c.relacl, n.nspname || '.' || c.relname AS full_name,
        (SELECT a.attnotnull FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id'
            AND NOT a.attisdropped) AS tenant_required
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = ANY(:schemas) AND c.relkind IN ('r', 'p') AND c.relname <> 'alembic_version'
"""
_KEYS = """
    SELECT k.conrelid, k.conname, k.contype, k.conkey,
        ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY AS part(number, place)
            JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = part.number
            ORDER BY part.place) AS columns,
        ARRAY(SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY AS part(number, place)
            JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = part.number
            ORDER BY part.place) AS referenced
    FROM pg_constraint k
"""
_LOGINS = "SELECT unnest(:schemas) AS name UNION SELECT unnest(:schemas) || '_system'"


def _rule(query: str) -> str:
    return f"WITH tables AS ({_TABLES}), keys AS ({_KEYS}), logins AS ({_LOGINS}) {query}"


RULES = {
    name: _rule(query)
    for name, query in {
        "every table belongs to tenants": """
            SELECT full_name FROM tables WHERE tenant_required IS NULL
        """,
        "row security is enabled and forced": """
            SELECT full_name FROM tables WHERE NOT (relrowsecurity AND relforcerowsecurity)
        """,
        # To everybody only the tenant's rows, and to read also those without one; all rows to a system login.
        # The owner lists tenants.
        "policies show a tenant its own rows": """
            SELECT p.schemaname || '.' || p.tablename || ': ' || p.policyname FROM pg_policies p
            WHERE p.schemaname = ANY(:schemas) AND NOT (
                p.qual LIKE '(tenant_id = %current_setting(''app.tenant_id''::text, true)%'
                    AND p.with_check = p.qual
                OR p.cmd = 'SELECT' AND p.qual = '(tenant_id IS NULL)'
                OR p.qual = '(tenant_id IS NULL)' AND p.with_check = p.qual
                    AND p.roles = ARRAY[(SELECT r.rolname FROM tables t JOIN pg_roles r ON r.oid = t.relowner
                        WHERE t.schema = p.schemaname AND t.name = p.tablename)]
                OR p.tablename = 'tenants' AND p.cmd = 'SELECT'
                    AND p.roles = ARRAY[(SELECT r.rolname FROM tables t JOIN pg_roles r ON r.oid = t.relowner
                        WHERE t.schema = p.schemaname AND t.name = p.tablename)]
                OR p.roles = ARRAY[(p.schemaname || '_system')::name])
        """,
        # A row without a tenant has no tenant to name: there the id alone is its key.
        "unique keys include the tenant": """
            SELECT t.full_name || ': ' || k.conname FROM tables t JOIN keys k ON k.conrelid = t.oid
            WHERE k.contype IN ('p', 'u') AND NOT 'tenant_id' = ANY(k.columns)
                AND NOT (k.contype = 'p' AND k.columns = ARRAY['id'] AND NOT t.tenant_required)
            UNION ALL
            SELECT t.full_name || ': ' || i.indexrelid::regclass FROM tables t
            JOIN pg_index i ON i.indrelid = t.oid AND i.indisunique
            WHERE NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid)
                AND NOT (SELECT a.attnum FROM pg_attribute a WHERE a.attrelid = t.oid
                    AND a.attname = 'tenant_id') = ANY(i.indkey)
        """,
        "foreign keys include the tenant": """
            SELECT t.full_name || ': ' || k.conname FROM tables t JOIN keys k ON k.conrelid = t.oid
            WHERE k.contype = 'f' AND coalesce(
                array_position(k.columns, 'tenant_id') <> array_position(k.referenced, 'tenant_id'), true)
        """,
        "an index leads by each foreign key": """
            SELECT t.full_name || ': ' || k.conname FROM tables t JOIN keys k ON k.conrelid = t.oid
            WHERE k.contype = 'f' AND NOT EXISTS (
                SELECT FROM pg_index i WHERE i.indrelid = t.oid AND i.indpred IS NULL
                    AND (i.indkey::int2[])[0:cardinality(k.conkey) - 1] @> k.conkey)
        """,
        "logins are nobody special": """
            SELECT r.rolname FROM logins l JOIN pg_roles r ON r.rolname = l.name
            WHERE r.rolsuper OR r.rolbypassrls OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication
                OR EXISTS (SELECT FROM pg_auth_members m WHERE m.member = r.oid)
        """,
        "logins own nothing": """
            SELECT n.nspname::text FROM pg_namespace n JOIN pg_roles r ON r.oid = n.nspowner
                JOIN logins l ON l.name = r.rolname
            UNION ALL SELECT c.oid::regclass::text FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner
                JOIN logins l ON l.name = r.rolname
            UNION ALL SELECT p.oid::regprocedure::text FROM pg_proc p JOIN pg_roles r ON r.oid = p.proowner
                JOIN logins l ON l.name = r.rolname
        """,
        "a service has no right in another's schema": """
            SELECT l.name || ' uses ' || s.name FROM logins l CROSS JOIN unnest(:schemas) AS s(name)
            WHERE l.name NOT IN (s.name, s.name || '_system')
                AND has_schema_privilege(l.name, s.name, 'USAGE, CREATE')
            UNION ALL SELECT l.name || ' at ' || t.full_name FROM logins l CROSS JOIN tables t
            WHERE l.name NOT IN (t.schema, t.schema || '_system')
                AND has_any_column_privilege(l.name, t.oid, 'SELECT, INSERT, UPDATE, REFERENCES')
        """,
        "logins make nothing in a schema": """
            SELECT l.name || ' in ' || s.name FROM logins l
            CROSS JOIN unnest(:schemas || '{public}') AS s(name)
            WHERE has_schema_privilege(l.name, s.name, 'CREATE')
        """,
        "runtime logins only read and write rows": """
            SELECT t.full_name FROM tables t WHERE has_table_privilege(t.schema, t.oid, 'TRUNCATE, TRIGGER')
        """,
        # Deleting is a right to whole rows; no other is given to a table as a whole.
        "system logins have named columns": """
            SELECT t.full_name FROM tables t WHERE has_table_privilege(
                t.schema || '_system', t.oid, 'SELECT, INSERT, UPDATE, REFERENCES, TRUNCATE')
        """,
        "system logins read nothing of a tenant's business": """
            SELECT t.full_name || '.' || a.attname FROM tables t JOIN pg_attribute a ON a.attrelid = t.oid
            WHERE a.attnum > 0 AND NOT a.attisdropped
                AND has_column_privilege(t.schema || '_system', t.oid, a.attnum, 'SELECT')
                AND a.atttypid IN ('json'::regtype, 'jsonb'::regtype, 'bytea'::regtype, 'numeric'::regtype)
        """,
        "security definers have a fixed search path": """
            SELECT p.oid::regprocedure::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
            WHERE n.nspname = ANY(:schemas || '{public}') AND p.prosecdef
                AND NOT coalesce(array_to_string(p.proconfig, ',') LIKE '%search_path=%', false)
        """,
        "views ask as their reader": """
            SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = ANY(:schemas) AND (c.relkind = 'm' OR c.relkind = 'v'
                AND NOT coalesce('security_invoker=true' = ANY(c.reloptions), false))
        """,
    }.items()
}
