import Longtail

LongtailProgram.main()
