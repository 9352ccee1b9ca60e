import React, { useState, useCallback } from 'react';
import axios from 'axios';

const VideoUploader = () => {
  const [file, setFile] = useState(null);
  const [progress, setProgress] = useState(0);
  const [status, setStatus] = useState('');
  const [assetId, setAssetId] = useState(null);
  
  const onFileChange = useCallback((e) => {
    setFile(e.target.files[0]);
  }, []);
  
  const uploadFile = useCallback(async () => {
    if (!file) return;
    
    try {
      // 1. Initialize upload
      const initResponse = await axios.post('/api/uploads/init', {
        filename: file.name,
        fileSize: file.size,
        fileType: file.type,
        metadata: {
          title: file.name,
          description: 'Uploaded from web app'
        }
      });
      
      const { uploadId, chunkSize } = initResponse.data;
      setStatus('Uploading...');
      
      // 2. Upload chunks
      const totalChunks = Math.ceil(file.size / chunkSize);
      
      for (let i = 0; i < totalChunks; i++) {
        const start = i * chunkSize;
        const end = Math.min(file.size, start + chunkSize);
        const chunk = file.slice(start, end);
        
        const formData = new FormData();
        formData.append('chunk', chunk);
        formData.append('chunkNumber', i);
        formData.append('totalChunks', totalChunks);
        
        await axios.post(`/api/uploads/${uploadId}/chunks`, formData);
        
        setProgress(Math.round(((i + 1) / totalChunks) * 100));
      }
      
      // 3. Check processing status
      setStatus('Processing...');
      let processed = false;
      
      while (!processed) {
        await new Promise(resolve => setTimeout(resolve, 2000));
        
        const statusResponse = await axios.get(`/api/uploads/${uploadId}`);
        const { status, assetId: newAssetId } = statusResponse.data;
        
        setStatus(`Processing: ${status}`);
        
        if (status === 'processed' && newAssetId) {
          setAssetId(newAssetId);
          setStatus('Complete');
          processed = true;
        } else if (status === 'failed' || status === 'processing_failed') {
          setStatus(`Failed: ${statusResponse.data.error || 'Unknown error'}`);
          processed = true;
        }
      }
    } catch (error) {
      setStatus(`Error: ${error.message}`);
    }
  }, [file]);
  
  return (
    <div>
      <input type="file" onChange={onFileChange} accept="video/*" />
      <button onClick={uploadFile} disabled={!file}>Upload</button>
      
      {progress > 0 && <progress value={progress} max="100" />}
      <p>Status: {status}</p>
      
      {assetId && (
        <div>
          <p>Video uploaded! Asset ID: {assetId}</p>
          <button onClick={() => window.open(`/watch/${assetId}`, '_blank')}>
            Watch Video
          </button>
        </div>
      )}
    </div>
  );
};

export default VideoUploader;
