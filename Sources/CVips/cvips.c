#include "CVips.h"
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

/* What libvips and GLib declare in their headers, which need not be installed: both keep their ABI within
 * libvips.so.42 and libgobject-2.0.so.0. gboolean is int, a GType a size_t, an enumeration an int. */
static struct {
    int (*init)(const char *);
    int (*version)(int);
    const char *(*error_buffer)(void);
    void (*error_clear)(void);
    void (*cache_set_max)(int);
    void (*concurrency_set)(int);
    void (*block_untrusted_set)(int);
    void (*operation_block_set)(const char *, int);
    int (*jpegload_buffer)(const void *, size_t, cvips_image **, ...);
    int (*pngload_buffer)(const void *, size_t, cvips_image **, ...);
    int (*gifload_buffer)(const void *, size_t, cvips_image **, ...);
    int (*webpload_buffer)(const void *, size_t, cvips_image **, ...);
    int (*thumbnail_buffer)(const void *, size_t, cvips_image **, int, ...);
    int (*thumbnail_image)(cvips_image *, cvips_image **, int, ...);
    cvips_image *(*image_copy_memory)(cvips_image *);
    int (*copy)(cvips_image *, cvips_image **, ...);
    int (*flatten)(cvips_image *, cvips_image **, ...);
    int (*jpegsave_buffer)(cvips_image *, void **, size_t *, ...);
    int (*pngsave_buffer)(cvips_image *, void **, size_t *, ...);
    int (*webpsave_buffer)(cvips_image *, void **, size_t *, ...);
    int (*image_get_width)(cvips_image *);
    int (*image_get_page_height)(cvips_image *);
    int (*image_get_bands)(cvips_image *);
    int (*image_get_interpretation)(cvips_image *);
    size_t (*image_get_typeof)(cvips_image *, const char *);
    int (*image_hasalpha)(cvips_image *);
    char **(*image_get_fields)(cvips_image *);
    int (*image_remove)(cvips_image *, const char *);
    void *(*image_write_to_memory)(cvips_image *, size_t *);
    void *(*array_double_new)(const double *, int);
    void (*area_unref)(void *);
} vips;
static void (*object_unref)(void *);
static void (*memory_free)(void *);
static void (*strings_free)(char **);
static const char *failure = "libvips is not installed";

static int find_all(void *library) {
    int found = 1;
#define FIND(pointer, name) found &= (*(void **)&(pointer) = dlsym(library, name)) != NULL
#define VIPS(name) FIND(vips.name, "vips_" #name)
    VIPS(init); VIPS(version); VIPS(error_buffer); VIPS(error_clear); VIPS(cache_set_max); VIPS(concurrency_set);
    VIPS(block_untrusted_set); VIPS(operation_block_set); VIPS(jpegload_buffer); VIPS(pngload_buffer);
    VIPS(gifload_buffer); VIPS(webpload_buffer); VIPS(thumbnail_buffer); VIPS(thumbnail_image);
    VIPS(image_copy_memory); VIPS(copy); VIPS(flatten); VIPS(jpegsave_buffer); VIPS(pngsave_buffer);
    VIPS(webpsave_buffer); VIPS(image_get_width); VIPS(image_get_page_height); VIPS(image_get_bands);
    VIPS(image_get_interpretation); VIPS(image_get_typeof); VIPS(image_hasalpha); VIPS(image_get_fields);
    VIPS(image_remove); VIPS(image_write_to_memory);
    VIPS(array_double_new); VIPS(area_unref);
    FIND(object_unref, "g_object_unref");
    FIND(memory_free, "g_free");
    FIND(strings_free, "g_strfreev");
    return found;
}

/* Finds the library, and runs nothing of it. */
static int load(void) {
    static const char *const names[] = {
        "libvips.so.42", "libvips.42.dylib", "/opt/homebrew/lib/libvips.42.dylib", "/usr/local/lib/libvips.42.dylib",
    };
    void *library = NULL;
    for (size_t i = 0; i < sizeof names / sizeof *names && !library; i++) library = dlopen(names[i], RTLD_NOW);
    if (!library) return -1;
    failure = "libvips is older than 8.13";
    if (!find_all(library)) {
        vips.version = NULL;
        return -1;
    }
    failure = NULL;
    return 0;
}

int cvips_start(void) {
    static const char *const loaders[] = {
        "VipsForeignLoadJpeg", "VipsForeignLoadPng", "VipsForeignLoadNsgif", "VipsForeignLoadWebp",
    };
    static int started = -1;
    if (started == 0) return 0;
    if (load()) return -1;
    /* Its plug-ins (ImageMagick, Poppler, OpenSlide) are looked for below this folder: not even loaded. */
    setenv("VIPSHOME", "/nonexistent", 1);
    if (vips.init("telecine")) return -1;
    vips.concurrency_set(1);
    vips.cache_set_max(0);
    vips.block_untrusted_set(1);
    vips.operation_block_set("VipsForeignLoad", 1);
    for (size_t i = 0; i < sizeof loaders / sizeof *loaders; i++) vips.operation_block_set(loaders[i], 0);
    return started = 0;
}

int cvips_version(int part) { return vips.version || !load() ? vips.version(part) : -1; }

const char *cvips_message(void) { return failure ? failure : vips.error_buffer(); }

cvips_image *cvips_open(const void *bytes, size_t count, const char *format) {
    cvips_image *image = NULL;
    int code = -1;
    vips.error_clear();
    if (!strcmp(format, "jpeg")) code = vips.jpegload_buffer(bytes, count, &image, NULL);
    if (!strcmp(format, "png")) code = vips.pngload_buffer(bytes, count, &image, NULL);
    if (!strcmp(format, "gif")) code = vips.gifload_buffer(bytes, count, &image, NULL);
    if (!strcmp(format, "webp")) code = vips.webpload_buffer(bytes, count, &image, NULL);
    return code ? NULL : image;
}

/* VIPS_SIZE_DOWN, VIPS_INTERESTING_NONE and _ATTENTION, VIPS_FAIL_ON_NONE and _ERROR, VIPS_ACCESS_SEQUENTIAL. */
enum { size_down = 2, keep_all = 0, keep_attention = 3, fail_never = 0, fail_on_error = 2, in_sequence = 1 };

/* Takes an image, and gives one whose pixels are all in memory. */
static cvips_image *in_memory(int code, cvips_image *image) {
    cvips_image *copy;
    if (code) return NULL;
    copy = vips.image_copy_memory(image);
    object_unref(image);
    return copy;
}

int cvips_is_foreign(cvips_image *image) {
    enum { cmyk = 15 }; /* VIPS_INTERPRETATION_CMYK */
    return vips.image_get_typeof(image, "icc-profile-data") || vips.image_get_interpretation(image) == cmyk;
}

cvips_image *cvips_decode(const void *bytes, size_t count, int width, int height, int foreign, int covers, int frames,
                          int strict, int shrink) {
    cvips_image *image = NULL, *source = NULL;
    int crop = covers ? keep_attention : keep_all, fail_on = strict ? fail_on_error : fail_never;
    const char *profile = foreign ? "srgb" : NULL;
    char options[24] = "";
    char digits[12];
    size_t used = 0;
    vips.error_clear();
    if (shrink > 1) {
        if (vips.jpegload_buffer(bytes, count, &source, "shrink", shrink, "access", in_sequence, "fail_on", fail_on,
                                 NULL)) return NULL;
        int code = vips.thumbnail_image(source, &image, width, "height", height, "size", size_down, "crop", crop,
                                        "export_profile", profile, NULL);
        image = in_memory(code, image);
        object_unref(source);
        return image;
    }
    if (frames > 1) {
        int rest = frames;
        do digits[used++] = (char)('0' + rest % 10); while (rest /= 10);
        memcpy(options, "n=", 2);
        for (size_t i = 0; i < used; i++) options[2 + i] = digits[used - 1 - i];
    }
    int code = vips.thumbnail_buffer(bytes, count, &image, width, "height", height, "size", size_down, "crop",
                                     crop, "export_profile", profile, "fail_on", fail_on, "option_string", options,
                                     NULL);
    return in_memory(code, image);
}

cvips_image *cvips_shrink(cvips_image *image, int width, int height, int covers) {
    cvips_image *result = NULL;
    vips.error_clear();
    int code = vips.thumbnail_image(image, &result, width, "height", height, "size", size_down, "crop",
                                    covers ? keep_attention : keep_all, NULL);
    return in_memory(code, result);
}

int cvips_width(cvips_image *image) { return vips.image_get_width(image); }
int cvips_height(cvips_image *image) { return vips.image_get_page_height(image); }
int cvips_bands(cvips_image *image) { return vips.image_get_bands(image); }

unsigned char *cvips_samples(cvips_image *image, size_t *count) { return vips.image_write_to_memory(image, count); }

/* A copy that carries nothing but what an animation needs. */
static cvips_image *bare(cvips_image *image) {
    static const char *const kept[] = { "n-pages", "page-height", "delay", "loop", "gif-delay", "gif-loop" };
    cvips_image *copy = NULL;
    vips.error_clear();
    if (vips.copy(image, &copy, NULL)) return NULL;
    char **fields = vips.image_get_fields(copy);
    for (char **field = fields; *field; field++) {
        int keep = 0;
        for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) keep |= !strcmp(*field, kept[i]);
        if (!keep) vips.image_remove(copy, *field);
    }
    strings_free(fields);
    return copy;
}

unsigned char *cvips_jpeg(cvips_image *image, int quality, size_t *count) {
    static const double white[] = { 255, 255, 255 };
    cvips_image *source = bare(image), *flat = NULL;
    void *bytes = NULL;
    if (!source) return NULL;
    if (vips.image_hasalpha(source)) {
        void *background = vips.array_double_new(white, vips.image_get_bands(source) > 2 ? 3 : 1);
        int code = vips.flatten(source, &flat, "background", background, NULL);
        vips.area_unref(background);
        object_unref(source);
        if (code) return NULL;
        source = flat;
    }
    if (vips.jpegsave_buffer(source, &bytes, count, "Q", quality, "optimize_coding", 1, "strip", 1, NULL)) bytes = NULL;
    object_unref(source);
    return bytes;
}

unsigned char *cvips_png(cvips_image *image, size_t *count) {
    cvips_image *source = bare(image);
    void *bytes = NULL;
    if (!source) return NULL;
    if (vips.pngsave_buffer(source, &bytes, count, "strip", 1, NULL)) bytes = NULL;
    object_unref(source);
    return bytes;
}

unsigned char *cvips_webp(cvips_image *image, int quality, int effort, size_t *count) {
    cvips_image *source = bare(image);
    void *bytes = NULL;
    if (!source) return NULL;
    if (vips.webpsave_buffer(source, &bytes, count, "Q", quality, "effort", effort, "strip", 1, NULL)) bytes = NULL;
    object_unref(source);
    return bytes;
}

void cvips_release(cvips_image *image) { object_unref(image); }
void cvips_free(void *bytes) { memory_free(bytes); }
