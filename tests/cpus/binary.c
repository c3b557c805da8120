/* binary.c: linked to a program of POSIX, it keeps Windows from changing line ends on its standard input and output. */
#include <fcntl.h>
#include <io.h>

__attribute__((constructor)) static void begin(void) {
  _setmode(0, _O_BINARY);
  _setmode(1, _O_BINARY);
}
