#ifndef LONGTAIL_CMPI_H
#define LONGTAIL_CMPI_H

#endif
