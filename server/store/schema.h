#ifndef MODBOUND_SERVER_STORE_SCHEMA_H_
#define MODBOUND_SERVER_STORE_SCHEMA_H_

#include <iterator>

namespace modbound {

// The tables stand here once: step i brings a database from version i to i + 1
// (SQLite's user_version), a new one through all of them. A step that a release
// had is never changed; tables grow by a step at the end. Times are
// microseconds since 1970 (UTC); 0 = not yet. States are numbers of
// v1::JobState.
inline constexpr const char* kSchemaSteps[] = {
    // 1: jobs, their events, artifacts.
    R"sql(
-- A job. `job` is a v1::Job with what never changes after submit: id, kind, filled spec, inputs (groups expanded, inline
-- bytes turned into artifacts), owner, labels, priority, deadline, max_run_time, submit_time, node. `result` is a v1::Job
-- with what the end brings: error, summary, outputs, provenance, cache_info; NULL before. The columns are what queries
-- and conditional updates need; a write of an attempt is conditional on (id, attempt, token, state = RUNNING).
CREATE TABLE job (
  number INTEGER PRIMARY KEY AUTOINCREMENT,  -- order of submission
  id TEXT NOT NULL UNIQUE,
  owner TEXT NOT NULL,
  kind TEXT NOT NULL,
  state INTEGER NOT NULL,
  priority INTEGER NOT NULL,
  attempt INTEGER NOT NULL DEFAULT 0,
  token TEXT NOT NULL DEFAULT '',
  lost INTEGER NOT NULL DEFAULT 0,           -- attempts that ended in neither a result nor a drain of the server
  threads INTEGER NOT NULL DEFAULT 1,        -- most that the plan can use
  memory_bytes INTEGER NOT NULL DEFAULT 0,   -- the plan's estimate
  cancel_requested INTEGER NOT NULL DEFAULT 0,
  submit_us INTEGER NOT NULL,
  ready_us INTEGER NOT NULL DEFAULT 0,       -- became QUEUED
  start_us INTEGER NOT NULL DEFAULT 0,
  end_us INTEGER NOT NULL DEFAULT 0,
  deadline_us INTEGER NOT NULL DEFAULT 0,
  max_run_us INTEGER NOT NULL DEFAULT 0,
  job BLOB NOT NULL,
  result BLOB
) STRICT;
CREATE INDEX job_state ON job(state);
CREATE INDEX job_owner ON job(owner, number);

-- The owner's labels, for filters.
CREATE TABLE job_label (
  job TEXT NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (job, key)
) STRICT, WITHOUT ROWID;

-- `job` takes an output of `needs`.
CREATE TABLE dependency (
  job TEXT NOT NULL,
  needs TEXT NOT NULL,
  PRIMARY KEY (job, needs)
) STRICT, WITHOUT ROWID;
CREATE INDEX dependency_needs ON dependency(needs);

-- State changes, numbered from 1 without gaps in each job, written in the transaction of the change.
CREATE TABLE event (
  job TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  time_us INTEGER NOT NULL,
  state INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  error BLOB,                                -- google.rpc.Status; NULL = none
  PRIMARY KEY (job, sequence)
) STRICT, WITHOUT ROWID;

-- Request ids: the same id with the same body is the same answer.
CREATE TABLE request (
  owner TEXT NOT NULL,
  request_id TEXT NOT NULL,
  body_sha256 TEXT NOT NULL,
  jobs TEXT NOT NULL,                        -- ids in the order of the request, joined by spaces
  PRIMARY KEY (owner, request_id)
) STRICT, WITHOUT ROWID;

-- Content-addressed bytes: small ones here, larger ones in artifacts/<first two digits>/<digest>.
CREATE TABLE artifact (
  digest TEXT PRIMARY KEY,
  size_bytes INTEGER NOT NULL,
  created_us INTEGER NOT NULL,
  uploaded_us INTEGER NOT NULL DEFAULT 0,    -- a client last sent it, or was told that it need not
  bytes BLOB                                 -- NULL = in a file
) STRICT, WITHOUT ROWID;

-- A job has this artifact as an input or output.
CREATE TABLE artifact_use (
  digest TEXT NOT NULL,
  job TEXT NOT NULL,
  PRIMARY KEY (digest, job)
) STRICT, WITHOUT ROWID;
CREATE INDEX artifact_use_job ON artifact_use(job);

-- v1::ArrayFacts of bytes read as an array.
CREATE TABLE fact (
  digest TEXT NOT NULL,
  dtype INTEGER NOT NULL,
  shape TEXT NOT NULL,                       -- "100,100" of a square matrix; "": any other, on which no fact depends
  facts BLOB NOT NULL,
  PRIMARY KEY (digest, dtype, shape)
) STRICT, WITHOUT ROWID;
)sql",
    // 2: results that answer equal jobs; fair shares; worker processes, logs;
    // who may read what, tokens.
    R"sql(
ALTER TABLE job ADD COLUMN cache_key TEXT NOT NULL DEFAULT '';    -- CacheKey; '' = not known yet, or not to be found
ALTER TABLE job ADD COLUMN no_cache INTEGER NOT NULL DEFAULT 0;   -- its owner wants it run
CREATE INDEX job_cache_key ON job(cache_key, state) WHERE cache_key != '';

ALTER TABLE job ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0;     -- retention leaves it alone
CREATE INDEX job_end ON job(end_us) WHERE state >= 4 AND pinned = 0;
ALTER TABLE request ADD COLUMN created_us INTEGER NOT NULL DEFAULT 0;

-- Sums over table artifact: one row.
CREATE TABLE artifact_total (
  id INTEGER PRIMARY KEY CHECK(id = 1),
  bytes INTEGER NOT NULL
) STRICT;
INSERT INTO artifact_total(id, bytes) SELECT 1, COALESCE(SUM(size_bytes), 0) FROM artifact;
CREATE TRIGGER artifact_added AFTER INSERT ON artifact BEGIN
  UPDATE artifact_total SET bytes = bytes + NEW.size_bytes;
END;
CREATE TRIGGER artifact_removed AFTER DELETE ON artifact BEGIN
  UPDATE artifact_total SET bytes = bytes - OLD.size_bytes;
END;

-- What an owner's attempts have used, half as much after every half-life.
CREATE TABLE usage (
  owner TEXT PRIMARY KEY,
  core_ms INTEGER NOT NULL,                  -- core-milliseconds, as of:
  as_of_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX job_open ON job(owner) WHERE state < 4;

ALTER TABLE job ADD COLUMN worker_faults INTEGER NOT NULL DEFAULT 0;  -- attempts lost with their worker processes

-- Jobs deleted since the server started, whose log in logs/<id> may still be there: removed at the next start.
CREATE TABLE log_removal (
  job TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

-- The owner of `job`: whose use it is.
ALTER TABLE artifact_use ADD COLUMN owner TEXT NOT NULL DEFAULT '';
UPDATE artifact_use SET owner = (SELECT owner FROM job WHERE id = artifact_use.job) WHERE EXISTS(SELECT 1 FROM job
  WHERE id = artifact_use.job);
CREATE INDEX artifact_use_owner ON artifact_use(digest, owner);

-- This owner has sent these bytes, so may read them and name them in jobs.
CREATE TABLE artifact_upload (
  digest TEXT NOT NULL,
  owner TEXT NOT NULL,
  PRIMARY KEY (digest, owner)
) STRICT, WITHOUT ROWID;
-- Before there were tokens, every owner was this one.
INSERT INTO artifact_upload(digest, owner) SELECT digest, 'local' FROM artifact WHERE uploaded_us > 0;

-- Bearer tokens.
CREATE TABLE token (
  id TEXT PRIMARY KEY,
  owner TEXT NOT NULL,
  certificate TEXT NOT NULL,                 -- the only certificate name it may come with; '' = any
  secret_sha256 TEXT NOT NULL,               -- of the secret's text
  created_us INTEGER NOT NULL,
  expires_us INTEGER NOT NULL,               -- 0 = never
  revoked_us INTEGER NOT NULL DEFAULT 0      -- 0 = valid
) STRICT, WITHOUT ROWID;
)sql",
    // 3: what each owner stores; lists by state, kind and label that do not
    // read the whole history.
    R"sql(
-- Sums over the artifacts that an owner has sent or has in a job, each once.
CREATE TABLE owner_total (
  owner TEXT PRIMARY KEY,
  bytes INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO owner_total(owner, bytes) SELECT owner, SUM(size_bytes) FROM
  (SELECT digest, owner FROM artifact_use UNION SELECT digest, owner FROM artifact_upload) JOIN artifact USING(digest)
  GROUP BY owner;
-- Rows of both tables come after that of the artifact and go before it.
CREATE TRIGGER artifact_use_added AFTER INSERT ON artifact_use
  WHEN NOT EXISTS(SELECT 1 FROM artifact_upload WHERE digest = NEW.digest AND owner = NEW.owner)
  AND NOT EXISTS(SELECT 1 FROM artifact_use WHERE digest = NEW.digest AND owner = NEW.owner AND job != NEW.job)
BEGIN
  INSERT INTO owner_total(owner, bytes) SELECT NEW.owner, size_bytes FROM artifact WHERE digest = NEW.digest
    ON CONFLICT(owner) DO UPDATE SET bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER artifact_use_removed AFTER DELETE ON artifact_use
  WHEN NOT EXISTS(SELECT 1 FROM artifact_upload WHERE digest = OLD.digest AND owner = OLD.owner)
  AND NOT EXISTS(SELECT 1 FROM artifact_use WHERE digest = OLD.digest AND owner = OLD.owner)
BEGIN
  UPDATE owner_total SET bytes = bytes - (SELECT size_bytes FROM artifact WHERE digest = OLD.digest)
    WHERE owner = OLD.owner AND EXISTS(SELECT 1 FROM artifact WHERE digest = OLD.digest);
END;
CREATE TRIGGER artifact_upload_added AFTER INSERT ON artifact_upload
  WHEN NOT EXISTS(SELECT 1 FROM artifact_use WHERE digest = NEW.digest AND owner = NEW.owner)
BEGIN
  INSERT INTO owner_total(owner, bytes) SELECT NEW.owner, size_bytes FROM artifact WHERE digest = NEW.digest
    ON CONFLICT(owner) DO UPDATE SET bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER artifact_upload_removed AFTER DELETE ON artifact_upload
  WHEN NOT EXISTS(SELECT 1 FROM artifact_use WHERE digest = OLD.digest AND owner = OLD.owner)
BEGIN
  UPDATE owner_total SET bytes = bytes - (SELECT size_bytes FROM artifact WHERE digest = OLD.digest)
    WHERE owner = OLD.owner AND EXISTS(SELECT 1 FROM artifact WHERE digest = OLD.digest);
END;

CREATE INDEX job_owner_state ON job(owner, state, number);
CREATE INDEX job_owner_kind ON job(owner, kind, state, number);
ALTER TABLE job_label ADD COLUMN number INTEGER NOT NULL DEFAULT 0;  -- the job's
UPDATE job_label SET number = (SELECT number FROM job WHERE id = job_label.job) WHERE EXISTS(SELECT 1 FROM job
  WHERE id = job_label.job);
CREATE INDEX job_label_value ON job_label(key, value, number);
)sql",
    // 4: fewer pages a change. An index of what has ended, or has not, is not
    // touched by the steps on the other side; one key of artifact_use serves
    // both questions.
    R"sql(
DROP INDEX job_cache_key;
CREATE INDEX job_cache_key ON job(cache_key, number) WHERE state = 4 AND cache_key != '';
DROP INDEX job_state;
DROP INDEX job_open;
CREATE INDEX job_open ON job(owner, state) WHERE state < 4;

DROP TRIGGER artifact_use_added;
DROP TRIGGER artifact_use_removed;
DROP TRIGGER artifact_upload_added;
DROP TRIGGER artifact_upload_removed;
ALTER TABLE artifact_use RENAME TO artifact_use_3;
-- A job, of this owner, has this artifact as an input or output.
CREATE TABLE artifact_use (
  digest TEXT NOT NULL,
  owner TEXT NOT NULL,
  job TEXT NOT NULL,
  PRIMARY KEY (digest, owner, job)
) STRICT, WITHOUT ROWID;
INSERT INTO artifact_use(digest, owner, job) SELECT digest, owner, job FROM artifact_use_3;
DROP TABLE artifact_use_3;
CREATE INDEX artifact_use_job ON artifact_use(job);
-- As in step 3.
CREATE TRIGGER artifact_use_added AFTER INSERT ON artifact_use
  WHEN NOT EXISTS(SELECT 1 FROM artifact_upload WHERE digest = NEW.digest AND owner = NEW.owner)
  AND NOT EXISTS(SELECT 1 FROM artifact_use WHERE digest = NEW.digest AND owner = NEW.owner AND job != NEW.job)
BEGIN
  INSERT INTO owner_total(owner, bytes) SELECT NEW.owner, size_bytes FROM artifact WHERE digest = NEW.digest
    ON CONFLICT(owner) DO UPDATE SET bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER artifact_use_removed AFTER DELETE ON artifact_use
  WHEN NOT EXISTS(SELECT 1 FROM artifact_upload WHERE digest = OLD.digest AND owner = OLD.owner)
  AND NOT EXISTS(SELECT 1 FROM artifact_use WHERE digest = OLD.digest AND owner = OLD.owner)
BEGIN
  UPDATE owner_total SET bytes = bytes - (SELECT size_bytes FROM artifact WHERE digest = OLD.digest)
    WHERE owner = OLD.owner AND EXISTS(SELECT 1 FROM artifact WHERE digest = OLD.digest);
END;
CREATE TRIGGER artifact_upload_added AFTER INSERT ON artifact_upload
  WHEN NOT EXISTS(SELECT 1 FROM artifact_use WHERE digest = NEW.digest AND owner = NEW.owner)
BEGIN
  INSERT INTO owner_total(owner, bytes) SELECT NEW.owner, size_bytes FROM artifact WHERE digest = NEW.digest
    ON CONFLICT(owner) DO UPDATE SET bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER artifact_upload_removed AFTER DELETE ON artifact_upload
  WHEN NOT EXISTS(SELECT 1 FROM artifact_use WHERE digest = OLD.digest AND owner = OLD.owner)
BEGIN
  UPDATE owner_total SET bytes = bytes - (SELECT size_bytes FROM artifact WHERE digest = OLD.digest)
    WHERE owner = OLD.owner AND EXISTS(SELECT 1 FROM artifact WHERE digest = OLD.digest);
END;
)sql",
    // 5: what is reserved for results.
    R"sql(
-- Bytes of the planned outputs of a job that has not ended; 0 when it was accepted by a server without limits.
ALTER TABLE job ADD COLUMN reserved_bytes INTEGER NOT NULL DEFAULT 0;
-- Sums of job.reserved_bytes over the jobs that have not ended, kept by those who change their states.
ALTER TABLE artifact_total ADD COLUMN reserved INTEGER NOT NULL DEFAULT 0;
ALTER TABLE owner_total ADD COLUMN reserved INTEGER NOT NULL DEFAULT 0;
)sql",
};
inline constexpr int kSchemaVersion = std::size(kSchemaSteps);

}  // namespace modbound

#endif  // MODBOUND_SERVER_STORE_SCHEMA_H_
