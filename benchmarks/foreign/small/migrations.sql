CREATE TABLE IF NOT EXISTS members (
    id serial PRIMARY KEY,
    email text NOT NULL UNIQUE,
    name text NOT NULL,
    phone text,
    role text NOT NULL DEFAULT 'member',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS addresses (
    id serial PRIMARY KEY,
    member_id integer NOT NULL REFERENCES members ON DELETE CASCADE,
    street text NOT NULL,
    city text NOT NULL,
    postcode text,
    delivery boolean NOT NULL DEFAULT false
);
CREATE TABLE IF NOT EXISTS tools (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name text NOT NULL,
    description text,
    category text NOT NULL DEFAULT 'hand',
    daily_rate double precision NOT NULL DEFAULT 0,
    labels jsonb NOT NULL DEFAULT '[]',
    loans_count integer NOT NULL DEFAULT 0,
    views integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS repairs (
    id serial PRIMARY KEY,
    tool_id uuid NOT NULL REFERENCES tools ON DELETE CASCADE,
    fault text NOT NULL,
    cost double precision,
    state text NOT NULL DEFAULT 'open',
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS branches (
    slug text PRIMARY KEY,
    name text NOT NULL,
    city text,
    floor integer NOT NULL,
    shelves integer NOT NULL DEFAULT 10
);
CREATE TABLE IF NOT EXISTS suppliers (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name text NOT NULL,
    contact text,
    rating integer,
    verified boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS contracts (
    id serial PRIMARY KEY,
    supplier_id uuid NOT NULL REFERENCES suppliers ON DELETE CASCADE,
    title text NOT NULL,
    starts_on date NOT NULL,
    ends_on date NOT NULL
);
CREATE TABLE IF NOT EXISTS loans (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    member_id integer NOT NULL REFERENCES members,
    tool_id uuid NOT NULL REFERENCES tools,
    days integer NOT NULL,
    note text,
    returned_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS idempotency_keys (
    key text PRIMARY KEY,
    request jsonb NOT NULL,
    answer jsonb NOT NULL
);
CREATE TABLE IF NOT EXISTS alerts (
    id serial PRIMARY KEY,
    name text NOT NULL,
    kinds jsonb NOT NULL
);
CREATE TABLE IF NOT EXISTS settings (
    key text PRIMARY KEY,
    value jsonb NOT NULL
);
CREATE TABLE IF NOT EXISTS events (
    id bigserial PRIMARY KEY,
    kind text NOT NULL,
    subject text NOT NULL,
    occurred_at timestamptz NOT NULL
);
