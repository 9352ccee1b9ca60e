   const response = await fetch('http://localhost:3001/api/uploads/init', {
     method: 'POST',
     headers: {
       'Authorization': 'Bearer YOUR_JWT_TOKEN',
       'Content-Type': 'application/json'
     },
     body: JSON.stringify({
       filename: 'video.mp4',
       fileSize: file.size,
       fileType: file.type,
       metadata: {
         title: 'My Video',
         description: 'Video description'
       }
     })
   });
   
   const { uploadId, chunkSize } = await response.json();
   const totalChunks = Math.ceil(file.size / chunkSize);
   
   for (let i = 0; i < totalChunks; i++) {
     const start = i * chunkSize;
     const end = Math.min(file.size, start + chunkSize);
     const chunk = file.slice(start, end);
     
     const formData = new FormData();
     formData.append('chunk', chunk);
     formData.append('chunkNumber', i);
     formData.append('totalChunks', totalChunks);
     
     await fetch(`http://localhost:3001/api/uploads/${uploadId}/chunks`, {
       method: 'POST',
       headers: {
         'Authorization': 'Bearer YOUR_JWT_TOKEN'
       },
       body: formData
     });
   }
   let status = 'uploading';
   let assetId = null;
   
   while (!['processed', 'failed', 'processing_failed'].includes(status)) {
     await new Promise(resolve => setTimeout(resolve, 2000));
     
     const statusResponse = await fetch(`http://localhost:3001/api/uploads/${uploadId}`, {
       headers: {
         'Authorization': 'Bearer YOUR_JWT_TOKEN'
       }
     });
     
     const statusData = await statusResponse.json();
     status = statusData.status;
     
     if (statusData.assetId) {
       assetId = statusData.assetId;
     }
   }
   const streamResponse = await fetch(`http://localhost:3002/media/${assetId}/stream`, {
     headers: {
       'Authorization': 'Bearer YOUR_JWT_TOKEN'
     }
   });
   
   const streamData = await streamResponse.json();
   
   // Use with a player like Video.js
   player.src({
     src: streamData.masterUrl,
     type: 'application/x-mpegURL'
   });
