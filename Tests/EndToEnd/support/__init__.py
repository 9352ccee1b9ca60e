"""What the end-to-end tests share: the running service, a client of contract 1, clips, playlists, boxes."""
