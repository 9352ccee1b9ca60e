// List user's assets with pagination
async function getAssets(page = 1, limit = 20) {
  const response = await fetch(`http://localhost:3003/api/assets?page=${page}&limit=${limit}`, {
    headers: {
      'Authorization': 'Bearer YOUR_JWT_TOKEN'
    }
  });
  
  return await response.json();
}

// Search assets by title or description
async function searchAssets(query) {
  const response = await fetch(`http://localhost:3003/api/assets?search=${encodeURIComponent(query)}`, {
    headers: {
      'Authorization': 'Bearer YOUR_JWT_TOKEN'
    }
  });
  
  return await response.json();
}
async function updateAsset(assetId, metadata) {
  const response = await fetch(`http://localhost:3003/api/assets/${assetId}`, {
    method: 'PATCH',
    headers: {
      'Authorization': 'Bearer YOUR_JWT_TOKEN',
      'Content-Type': 'application/json'
    },
    body: JSON.stringify(metadata)
  });
  
  return await response.json();
}
