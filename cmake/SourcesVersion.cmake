# Writes OUTPUT with a hash over the contents of SOURCES (a ;-list), only when it changed. Run as a script.
set(all "")
foreach(source IN LISTS SOURCES)
  file(SHA256 ${source} hash)
  string(APPEND all "${hash}\n")
endforeach()
string(SHA256 version "${all}")
string(SUBSTRING ${version} 0 16 version)
file(CONFIGURE OUTPUT ${OUTPUT} CONTENT "#define ATROUS_SCHEDULES_VERSION \"@version@\"\n" @ONLY)
