// What the service's parts and jobs are called for people.

export const work = {
  "asset.prepare": "Look into the file", "asset.chunk": "Encode a run of segments", "asset.segment": "Encode one segment",
  "asset.copy": "Copy streams", "asset.audio": "Encode the sound", "asset.poster": "Take the poster",
  "asset.mp4": "Make an MP4", "asset.delete": "Remove files", "asset.strip": "Strip an original of its metadata",
  "audio.files": "Make MP3, waveform and cover", "asset.adopt": "Put a new run in place", "asset.clip": "Cut a clip",
  "asset.images": "Make a picture’s sizes", "asset.variant": "Make a size that was asked for",
  "asset.key-frames": "List the key frames", "asset.loudness": "Measure the loudness", "asset.preview": "Make the preview",
  "asset.remove-version": "Remove a version", "asset.storyboard": "Draw the storyboard", "asset.text": "Read captions and chapters",
  "youtube.publish": "Publish on YouTube",
};

export const names = {
  "api-gateway": "API gateway", "upload-manager": "Upload manager", "streaming-engine": "Streaming engine",
  "content-management": "Content management", "status-checker": "Status checker", workers: "Workers",
};
