#pragma once
/* Its checks want to see the option that is set; here it is a parameter. */
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>
#include <netinet/in.h>
#include <sys/socket.h>
/* Variadic C functions do not import: each kind of argument has a static inline wrapper of fixed arity. */
static inline CURLcode ccurl_set_long(CURL *handle, CURLoption option, long value) {
    return curl_easy_setopt(handle, option, value);
}
static inline CURLcode ccurl_set_size(CURL *handle, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(handle, option, value);
}
static inline CURLcode ccurl_set_text(CURL *handle, CURLoption option, const char *value) {
    return curl_easy_setopt(handle, option, value);
}
static inline CURLcode ccurl_set_pointer(CURL *handle, CURLoption option, void *value) {
    return curl_easy_setopt(handle, option, value);
}
static inline CURLcode ccurl_set_headers(CURL *handle, struct curl_slist *list) {
    return curl_easy_setopt(handle, CURLOPT_HTTPHEADER, list);
}
static inline CURLcode ccurl_on_head(CURL *handle, curl_write_callback function) {
    return curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, function);
}
static inline CURLcode ccurl_on_bytes(CURL *handle, curl_write_callback function) {
    return curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, function);
}
static inline CURLcode ccurl_on_want(CURL *handle, curl_read_callback function) {
    return curl_easy_setopt(handle, CURLOPT_READFUNCTION, function);
}
static inline CURLcode ccurl_on_trailers(CURL *handle, curl_trailer_callback function) {
    return curl_easy_setopt(handle, CURLOPT_TRAILERFUNCTION, function);
}
static inline CURLcode ccurl_on_socket(CURL *handle, curl_opensocket_callback function) {
    return curl_easy_setopt(handle, CURLOPT_OPENSOCKETFUNCTION, function);
}
static inline CURLcode ccurl_on_close(CURL *handle, curl_closesocket_callback function) {
    return curl_easy_setopt(handle, CURLOPT_CLOSESOCKETFUNCTION, function);
}
static inline CURLMcode ccurl_multi_set_long(CURLM *multi, CURLMoption option, long value) {
    return curl_multi_setopt(multi, option, value);
}
/* Once in a process, before anything else; its flags are macros made of macros, which do not import. */
static inline CURLcode ccurl_start(void) { return curl_global_init(CURL_GLOBAL_DEFAULT); }
static inline CURLcode ccurl_proceed(CURL *handle, int receiving) {
    return curl_easy_pause(handle, receiving ? CURLPAUSE_CONT : CURLPAUSE_RECV);
}
static inline CURLcode ccurl_result(const CURLMsg *message) { return message->data.result; }
/* The bytes of an address, 4 or 16; 0 for another family. */
static inline int ccurl_address(const struct curl_sockaddr *address, unsigned char *bytes) {
    int count = address->family == AF_INET ? 4 : address->family == AF_INET6 ? 16 : 0;
    const unsigned char *from = (const unsigned char *)&address->addr + (count == 4 ? 4 : 8);
    for (int index = 0; index < count; index++) bytes[index] = from[index];
    return count;
}
/* Children must not inherit it. */
static inline curl_socket_t ccurl_socket(const struct curl_sockaddr *address) {
#ifdef __linux__
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
#else
    return socket(address->family, address->socktype, address->protocol);
#endif
}
/* Declared, not included: what Glibc's module has too would give its types to two modules. */
extern int close(int);
static inline int ccurl_close(curl_socket_t descriptor) { return close(descriptor); }
/* Whether the other side has ended its half: one system call that takes no bytes. */
static inline int ccurl_has_ended(curl_socket_t descriptor) {
    char byte;
    return recv(descriptor, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}
