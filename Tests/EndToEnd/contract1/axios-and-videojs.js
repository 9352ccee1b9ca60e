// Stand-ins for axios and video.js in a page: they send and do what the real ones would for these calls.
// axios: XMLHttpRequest, objects as JSON, FormData as multipart, errors thrown for every status outside 2xx.
const requests = [];
const axios = {
    send(method, url, body) {
        return new Promise((resolve, reject) => {
            const request = new XMLHttpRequest();
            request.open(method, url);
            request.setRequestHeader('Accept', 'application/json, text/plain, */*');
            let content = body;
            if (body && !(body instanceof FormData)) {
                request.setRequestHeader('Content-Type', 'application/json');
                content = JSON.stringify(body);
            }
            request.onload = () => {
                requests.push({method, url, status: request.status});
                const type = request.getResponseHeader('Content-Type') ?? '';
                const data = type.includes('json') ? JSON.parse(request.responseText) : request.responseText;
                const response = {status: request.status, data};
                if (request.status >= 200 && request.status < 300) resolve(response);
                else reject(Object.assign(new Error(`Request failed with status code ${request.status}`), {response}));
            };
            request.onerror = () => reject(new Error('Network Error'));
            request.send(content);
        });
    },
    get: (url) => axios.send('GET', url),
    post: (url, body) => axios.send('POST', url, body),
};

const videojs = (element, options) => {
    element.controls = options.controls;
    element.muted = true;
    element.src = options.sources[0].src;
    return {
        on: (event, handler) => element.addEventListener(event, handler),
        currentTime: () => element.currentTime,
        videoHeight: () => element.videoHeight,
        dispose: () => element.remove(),
    };
};
