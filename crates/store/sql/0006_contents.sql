-- Why: what is small lies in its row. A filled form of a few kilobytes as a file of its own waits for the disk by itself, while
-- rows wait together; and a million of them are a million directory entries. NULL: the content is a file, as before.
ALTER TABLE file ADD COLUMN content {bytes};
