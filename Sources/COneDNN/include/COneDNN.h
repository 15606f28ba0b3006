#ifndef LONGTAIL_CONEDNN_H
#define LONGTAIL_CONEDNN_H

#include <oneapi/dnnl/dnnl.h>
#include <oneapi/dnnl/dnnl_debug.h>

#endif
