# Picture files and what a config makes of pictures. Linked into emitted programs too: only packages that Debian has
# static archives of.
atrous_library(
  atrous_images
  config.cpp
  convert.cpp
  exif.cpp
  image.cpp
  image_channels.cpp
  image_jpeg.cpp
  image_png.cpp
  image_webp.cpp
  model_configs.cpp
  overlay.cpp
  palette.cpp
  resample.cpp
  write_file.cpp)
target_link_libraries(atrous_images PRIVATE PNG::PNG JPEG::JPEG PkgConfig::WEBP nlohmann_json::nlohmann_json)
# Multiplies and adds stay apart, so that every processor computes what Pillow computes.
target_compile_options(atrous_images PRIVATE -ffp-contract=off)
