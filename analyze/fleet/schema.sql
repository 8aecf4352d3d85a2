-- The store of results, one SQLite file. All times are Unix seconds, 0 unknown.

-- bundle is one result: one content judged by one version with one set of rules.
create table bundle (
  id       integer primary key,
  hash     text not null,    -- SHA-256 of the content, in hex
  version  text not null,    -- of the tool
  rules    text not null,    -- hash of the rules
  status   text not null,    -- whole, damaged, unreadable
  current  integer not null, -- 1: the latest result of this content
  node     text not null,    -- the first node's name, '' unknown
  kernel   text not null,
  collected integer not null,
  fingerprint text not null, -- of what was found, '' nothing
  features blob not null,    -- 8 bytes a feature: see featureID
  result   blob not null,    -- the result, JSON compressed by zstd
  unique (hash, version, rules)
) strict;
create index bundle_fingerprint on bundle (fingerprint) where current = 1;

-- facts are what was read of a content: other rules judge it without the bundle.
-- See Reader for version and signatures.
create table facts (
  hash       text primary key,
  version    text not null, -- of the code that read it
  signatures text not null, -- hash of the signatures that it looked for
  facts      blob not null  -- see Packer
) strict;

-- place is where a content was seen last.
create table place (
  path  text primary key,
  size  integer not null,
  stamp text not null,
  hash  text not null
) strict, without rowid;
create index place_hash on place (hash);

-- cause has each verdict of each current result once, with what questions ask of it: it
-- is read without looking into bundle.
create table cause (
  rule    text not null,
  bundle  integer not null references bundle (id) on delete cascade,
  node    text not null,
  collected integer not null,
  kernel  text not null,
  os      text not null,
  primary key (rule, bundle)
) strict, without rowid;
create index cause_bundle on cause (bundle);

-- daemon has the versions of the first node.
create table daemon (
  bundle  integer not null references bundle (id) on delete cascade,
  name    text not null,
  version text not null,
  primary key (bundle, name)
) strict, without rowid;

-- sketch is the index of similar results, which is read from end to end: 32 bytes a
-- result, see sketchOf, those of bundle.id 256 * block first.
create table sketch (
  block integer primary key,
  bands blob not null
) strict;

-- feature counts the current results that have a feature, and in the row of id 0 all.
create table feature (
  id   integer primary key, -- see featureID
  name text not null,
  n    integer not null
) strict;
