import React, { useEffect, useRef } from 'react';
import videojs from 'video.js';
import 'video.js/dist/video-js.css';
import axios from 'axios';

const VideoPlayer = ({ assetId }) => {
  const videoRef = useRef(null);
  const playerRef = useRef(null);
  
  useEffect(() => {
    if (!assetId) return;
    
    // Get streaming URL
    const getStreamingUrl = async () => {
      try {
        const response = await axios.get(`/api/media/${assetId}/stream`);
        const { masterUrl } = response.data;
        
        if (playerRef.current) {
          playerRef.current.dispose();
        }
        
        // Initialize player
        const videoElement = videoRef.current;
        if (!videoElement) return;
        
        const player = videojs(videoElement, {
          autoplay: false,
          controls: true,
          responsive: true,
          fluid: true,
          sources: [{
            src: masterUrl,
            type: 'application/x-mpegURL'
          }]
        });
        
        player.on('error', (err) => {
          console.error('Video Player Error:', err);
        });
        
        playerRef.current = player;
        
        // Track events
        const events = ['play', 'pause', 'seeking', 'seeked', 'ended', 'error'];
        events.forEach(event => {
          player.on(event, () => {
            // Send analytics event
            axios.post(`/api/media/${assetId}/events`, {
              event,
              position: player.currentTime(),
              quality: player.videoHeight() === 1080 ? '1080p' : 
                      player.videoHeight() === 720 ? '720p' : 
                      player.videoHeight() === 480 ? '480p' : '360p'
            }).catch(err => console.error('Error sending event:', err));
          });
        });
      } catch (error) {
        console.error('Error loading video:', error);
      }
    };
    
    getStreamingUrl();
    
    return () => {
      if (playerRef.current) {
        playerRef.current.dispose();
      }
    };
  }, [assetId]);
  
  return (
    <div>
      <div data-vjs-player>
        <video ref={videoRef} className="video-js vjs-big-play-centered" />
      </div>
    </div>
  );
};

export default VideoPlayer;
