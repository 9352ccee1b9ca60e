// JavaScript/React example
const uploadMedia = async (file) => {
  const formData = new FormData();
  formData.append('file', file);
  
  const response = await fetch('http://localhost:8000/api/media/upload/', {
    method: 'POST',
    headers: {
      'Authorization': `Bearer ${token}`
    },
    body: formData
  });
  
  const data = await response.json();
  console.log('Media uploaded:', data);
  
  // Poll for processing status
  const checkStatus = setInterval(async () => {
    const statusResponse = await fetch(`http://localhost:8000/api/media/${data.id}/`, {
      headers: {
        'Authorization': `Bearer ${token}`
      }
    });
    
    const statusData = await statusResponse.json();
    
    if (statusData.status === 'ready') {
      clearInterval(checkStatus);
      console.log('Processing complete!', statusData);
      // Use statusData.urls to display different sizes
    } else if (statusData.status === 'failed') {
      clearInterval(checkStatus);
      console.error('Processing failed');
    }
  }, 2000);
};
