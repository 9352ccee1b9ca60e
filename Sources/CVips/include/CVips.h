#pragma once
#include <stddef.h>

/* The few calls of libvips (8.13 or newer) that Media makes, at fixed arity: libvips' own are variadic, which Swift
 * cannot call.
 *
 * The library is opened when it is first needed, by the process that needs it: linked, it and its hundred
 * dependencies would cost every process of the service 28 MB and 0.1 s (docs/decisions/0006). One thread at a time.
 * An image that is returned is the caller's, who gives it back with cvips_release; NULL is a failure that
 * cvips_message explains. */

typedef struct cvips_image cvips_image;

/* Opens the library and tells it what it may do: one thread, no cache, and no loader but those of JPEG, PNG, GIF and
 * WebP. 0 when all of that is so. */
int cvips_start(void);

/* Major, minor and micro version (0, 1, 2) of the library; -1 when there is none that can be used.
 * Changes nothing in the process, whose other threads may be reading its environment. */
int cvips_version(int part);

/* Why the last call failed; valid until the next call. */
const char *cvips_message(void);

/* Reads the header of a picture in memory, which must outlive the image. format: "jpeg", "png", "gif" or "webp". */
cvips_image *cvips_open(const void *bytes, size_t count, const char *format);

/* Whether its colours are not sRGB's: it brings a profile, or it is made for ink. */
int cvips_is_foreign(cvips_image *image);

/* Decodes a picture in memory to fit a box, upright, in sRGB with 8 bits, never enlarged; `foreign` converts its
 * colours (what is sRGB already would be shifted by it); `covers` fills the box and cuts what is too much; `frames`
 * above 1 keeps so many frames, one below the other; `strict` refuses damage; `shrink`, 2, 4 or 8, decodes a JPEG to so
 * much less, 1 leaves that to libvips. The pixels are all in memory when it returns. */
cvips_image *cvips_decode(const void *bytes, size_t count, int width, int height, int foreign, int covers, int frames,
                          int strict, int shrink);

/* The same for a decoded image. */
cvips_image *cvips_shrink(cvips_image *image, int width, int height, int covers);

int cvips_width(cvips_image *image);
/* Of one frame. */
int cvips_height(cvips_image *image);
int cvips_bands(cvips_image *image);

/* The samples, row by row, band by band; free with cvips_free. */
unsigned char *cvips_samples(cvips_image *image, size_t *count);

/* Encodes without metadata; free the bytes with cvips_free. JPEG puts what is transparent on white. */
unsigned char *cvips_jpeg(cvips_image *image, int quality, size_t *count);
unsigned char *cvips_png(cvips_image *image, size_t *count);
unsigned char *cvips_webp(cvips_image *image, int quality, int effort, size_t *count);

void cvips_release(cvips_image *image);
void cvips_free(void *bytes);
