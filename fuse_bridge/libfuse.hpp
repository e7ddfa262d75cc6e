// libfuse's low-level API, at the version that this program is written for: newer ones keep it.
#pragma once

#define FUSE_USE_VERSION 314
#include <fuse3/fuse_lowlevel.h>
