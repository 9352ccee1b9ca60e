#pragma once
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <sys/socket.h>
/* Variadic C functions do not import: each use has a static inline wrapper of fixed arity. */
static inline int cmhd_connection_fd(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info ? info->connect_fd : -1;
}
static inline const struct sockaddr *cmhd_client_address(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    return info ? info->client_addr : 0;
}
/* What the connection callback stored when the connection began. */
static inline void *cmhd_socket_context(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : 0;
}
/* No chunks: the end of the body, if there is one, is the end of the connection. */
static inline void cmhd_end_by_closing(struct MHD_Response *response) {
    MHD_set_response_options(response, MHD_RF_HTTP_1_0_COMPATIBLE_STRICT, MHD_RO_END);
}
/* MHD_SIZE_UNKNOWN and the end marks are macros with casts: they do not import. */
static inline uint64_t cmhd_size_unknown(void) { return MHD_SIZE_UNKNOWN; }
static inline ssize_t cmhd_end_of_stream(void) { return MHD_CONTENT_READER_END_OF_STREAM; }
static inline ssize_t cmhd_end_with_error(void) { return MHD_CONTENT_READER_END_WITH_ERROR; }
/* The engine's log callback takes a va_list, which Swift cannot: this formats and passes the text on. */
struct cmhd_logger {
    void (*write)(void *context, const char *text);
    void *context;
};
/* Declared, not included: headers that Glibc's module has too would give their types to two modules. */
extern int vsnprintf(char *, size_t, const char *, va_list);
static inline void cmhd_log(void *logger, const char *format, va_list arguments) {
    char text[512];
    vsnprintf(text, sizeof(text), format, arguments);
    ((struct cmhd_logger *)logger)->write(((struct cmhd_logger *)logger)->context, text);
}
static inline void *cmhd_log_function(void) { return (void *)&cmhd_log; }
#ifdef __linux__
/* Hidden behind _GNU_SOURCE, which this header cannot set for those who include it. */
extern int accept4(int, struct sockaddr *, socklen_t *, int);
static inline int cmhd_accept(int listener, struct sockaddr *address, socklen_t *length) {
    return accept4(listener, address, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}
#else
static inline int cmhd_accept(int listener, struct sockaddr *address, socklen_t *length) {
    return accept(listener, address, length);
}
#endif
