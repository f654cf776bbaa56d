-- What a platform wants an account called by in calls, where that is not its id.
ALTER TABLE connection ADD COLUMN handle TEXT;
