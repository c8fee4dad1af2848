"""Who sees what: audiences, marks, the view compiler, viewers, scopes and row policies."""
