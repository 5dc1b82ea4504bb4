// Captions inside pictures: letters of 5×7 pixels, drawn for this.
#pragma once

#include <array>
#include <string>

#include "runtime/image.h"

namespace atrous {

using Colour = std::array<uint8_t, 3>;

// Pixels that the text takes, at `scale` pixels a dot. What has no glyph becomes a blank.
int text_width(const std::string& text, int scale);
int text_height(int scale);

// RGB image; the upper left corner is at (x, y). Parts outside the image are left out.
void draw_text(Image& image, int x, int y, const std::string& text, int scale, const Colour& colour);

}  // namespace atrous
