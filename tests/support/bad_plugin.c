/* Plugins that are none of XLA's: how each is bad is said when it is built.
   Build: cc -shared -fPIC -DABORTS -o bad.so bad_plugin.c */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void be_bad(void) {
#if defined(ABORTS)
  fputs("terminate called by \033[2J the plugin\n", stderr);
  abort();
#elif defined(IS_OF_ANOTHER_PROCESSOR)
  raise(SIGILL);
#elif defined(EXITS)
  exit(0);
#elif defined(HANGS)
  for (;;) pause();
#endif
}

#ifdef AT_LOAD
__attribute__((constructor)) static void at_load(void) { be_bad(); }
#endif

const void *GetPjrtApi(void) {
  be_bad();
  return NULL;
}
