#!/usr/bin/env bash
# everyday_files.sh CLIP FOLDER: makes a folder of what phones, camcorders, browsers, screen recorders, surveillance
# exporters and messengers write, from a clip with a face in it, and FOLDER/../expected.tsv: a line for each file with
# its name, the status that `seam infer` has to give it, and a part of the reason. Files that are no input have none.
set -euo pipefail

clip=$1
folder=$2
expected=$(dirname "$folder")/expected.tsv
mkdir -p "$folder"
: >"$expected"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

ff() { ffmpeg -nostdin -y -loglevel error "$@"; }
tell() { printf '%s\t%s\t%s\n' "$1" "$2" "${3-}" >>"$expected"; }

# Ten frames of the clip, small, without loss, and a second of silence: what all others are made from.
ff -i "$clip" -f lavfi -i anullsrc=r=48000:cl=mono -t 0.4 -vf "fps=25,scale=320:240,format=yuv420p" -c:v ffv1 -c:a pcm_s16le \
  "$work/source.mkv"
ff -i "$work/source.mkv" -frames:v 1 "$work/still.png"

# film NAME OPTIONS...: one more film, written with others by flush.
outputs=()
film() {
  local name=$1
  shift
  outputs+=(-map 0:v "$@" "$folder/$name")
  tell "$name" ok
  if [[ ${#outputs[@]} -gt 100 ]]; then flush; fi
}
# with_sound NAME OPTIONS...
with_sound() {
  local name=$1
  shift
  film "$name" -map 0:a "$@"
}
flush() {
  [[ ${#outputs[@]} -eq 0 ]] || ff -i "$work/source.mkv" "${outputs[@]}"
  outputs=()
}
# picture NAME OPTIONS...
picture() {
  local name=$1
  shift
  ff -i "$work/still.png" -frames:v 1 -update 1 "$@" "$folder/$name"
  tell "$name" ok
}
# same NAME OF: a file under another name.
same() {
  cp "$folder/$2" "$folder/$1"
  tell "$1" ok
}

x264=(-c:v libx264 -preset ultrafast -threads 1)
x265=(-c:v libx265 -preset ultrafast -x265-params "log-level=none:pools=none:frame-threads=1")
vp8=(-c:v libvpx -deadline realtime -cpu-used 8)
vp9=(-c:v libvpx-vp9 -deadline realtime -cpu-used 8)
av1=(-c:v libaom-av1 -usage realtime -cpu-used 8)
large=(-vf scale=720:576)

phones() {
  with_sound IMG_0001.MOV "${x264[@]}" -c:a aac
  film IMG_0002.MOV "${x265[@]}" -tag:v hvc1
  film IMG_0003.MOV "${x265[@]}" -tag:v hvc1 -pix_fmt yuv420p10le -color_trc arib-std-b67 -color_primaries bt2020 -colorspace bt2020nc
  film IMG_0004.mov -c:v prores -profile:v 0
  film IMG_0005.m4v "${x264[@]}"
  film IMG_0006.qt "${x264[@]}" -f mov
  with_sound VID_20230401_101112.mp4 "${x264[@]}" -c:a aac -movflags +faststart
  film VID_20230401_101113.mp4 "${x265[@]}"
  film VID_20230401_101114.mp4 "${x265[@]}" -pix_fmt yuv420p10le -color_trc smpte2084 -color_primaries bt2020 -colorspace bt2020nc
  film VID_20230401_101115.mp4 "${x264[@]}" -vf scale=322:242
  film VID_20230401_101116.mp4 "${x264[@]}" -vf "setpts='PTS+0.03*mod(N,3)/TB'" -vsync vfr
  film VID_20230401_101117.mp4 "${x264[@]}" -r 120
  film VID_20230401_101118.mp4 "${av1[@]}"
  film VID_20230401_101119.mp4 -c:v mpeg4 -movflags frag_keyframe+empty_moov
  with_sound old.3gp -c:v mpeg4 -c:a aac
  film old.3g2 -c:v mpeg4
  film old.3gpp -c:v h263 -vf scale=352:288 -f 3gp
  film old.3gp2 "${x264[@]}" -f 3g2
  film GH010001.LRV "${x264[@]}" -f mp4
  film VID_20230401.insv "${x264[@]}" -f mp4
  flush
  picture IMG_0100.jpg
  picture IMG_0101.JPEG -pix_fmt yuvj444p -c:v mjpeg -f image2
  picture IMG_0102.png
  picture IMG_0103.webp -c:v libwebp
  picture IMG_0104.avif "${av1[@]}" -still-picture 1
  picture IMG_0105.bmp
  picture IMG_0106.tif -pix_fmt rgb24
  picture IMG_0107.tiff -pix_fmt rgb24 -compression_algo lzw
  picture IMG_0108.gif
  ff -i "$work/still.png" -vf scale=80:60 "$work/small.jpg"
  cat "$folder/IMG_0100.jpg" "$work/small.jpg" >"$folder/ULTRAHDR.jpg"
  cat "$folder/IMG_0100.jpg" "$folder/VID_20230401_101112.mp4" >"$folder/PXL_20230401.MP.jpg"
  cat "$folder/IMG_0100.jpg" "$folder/IMG_0100.jpg" >"$folder/STEREO.MPO"
  cat "$folder/IMG_0104.avif" "$folder/VID_20230401_101112.mp4" >"$folder/MOTION.avif"
  for name in ULTRAHDR.jpg PXL_20230401.MP.jpg STEREO.MPO MOTION.avif; do tell "$name" ok; done
  # Turned by the container.
  ff -i "$work/source.mkv" -map 0:v -vf transpose=2 "${x264[@]}" "$work/turned.mp4"
  ff -i "$work/turned.mp4" -c copy -metadata:s:v rotate=270 "$folder/PORTRAIT.mp4"
  ff -i "$work/turned.mp4" -c copy -metadata:s:v rotate=270 "$folder/PORTRAIT.MOV"
  tell PORTRAIT.mp4 ok
  tell PORTRAIT.MOV ok
}

camcorders() {
  with_sound 00001.MTS "${x264[@]}" -c:a ac3 -f mpegts -mpegts_m2ts_mode 1
  with_sound 00002.m2ts "${x264[@]}" -c:a ac3
  film 00003.m2t -c:v mpeg2video -f mpegts
  film 00004.ts -c:v mpeg2video
  film 00005.tp "${x264[@]}" -f mpegts
  film 00006.trp "${x265[@]}" -f mpegts
  film MOV001.MOD -c:v mpeg2video -f vob
  film MOV002.TOD "${x264[@]}" -f mpegts
  film VTS_01_1.VOB -c:v mpeg2video -f vob
  film VR_MOVIE.VRO -c:v mpeg2video -f dvd
  film clip.mpg
  film clip.mpeg -c:v mpeg2video
  film clip.mpe -c:v mpeg1video -f mpeg
  film clip.m2p -c:v mpeg2video -f vob
  film clip.m1v -c:v mpeg1video -f mpeg1video
  film clip.m2v -c:v mpeg2video
  film tape.dv "${large[@]}" -r 25 -pix_fmt yuv420p
  film tape.dif "${large[@]}" -r 25 -pix_fmt yuv420p -f dv
  film tape.avi "${large[@]}" -r 25 -pix_fmt yuv420p -c:v dvvideo
  film tape.mov "${large[@]}" -r 25 -pix_fmt yuv420p -c:v dvvideo
  film broadcast.mxf -r 25 -c:v mpeg2video -pix_fmt yuv422p
  film broadcast2.mxf -r 25 -c:v dnxhd -profile:v dnxhr_lb -pix_fmt yuv422p
  film broadcast3.mxf -r 25 "${x264[@]}"
  film camera.mov -c:v dnxhd -profile:v dnxhr_lb -pix_fmt yuv422p
  film camera2.mov -c:v prores_ks -profile:v 3 -pix_fmt yuv422p10le
  film camera3.mov -c:v cfhd -pix_fmt yuv422p10le
  film MVI_0001.AVI -c:v mjpeg -pix_fmt yuvj420p
  film MVI_0002.MOV -c:v mjpeg -pix_fmt yuvj422p
  film camera.mj2 -c:v jpeg2000 -pix_fmt yuv420p -f mov
  film camera.mkv "${x264[@]}"
  film camera.mk3d "${x265[@]}" -f matroska
  flush
  cat "$folder/VTS_01_1.VOB" "$folder/VTS_01_1.VOB" >"$folder/VTS_01_0.VOB"
  cat "$folder/00002.m2ts" "$folder/00002.m2ts" >"$folder/00006.MTS"
  cat "$folder/MOV001.MOD" "$folder/VTS_01_1.VOB" >"$folder/MOV003.MOD"
  for name in VTS_01_0.VOB 00006.MTS MOV003.MOD; do tell "$name" ok; done
  picture DSC_0001.jp2 -c:v jpeg2000 -pix_fmt rgb24
  picture DSC_0002.j2k -c:v jpeg2000 -pix_fmt rgb24 -format j2k -f image2
  picture DSC_0003.dib -c:v bmp -f image2
  picture DSC_0004.jpe -c:v mjpeg -f image2
}

browsers() {
  with_sound recording.webm "${vp8[@]}" -c:a libopus
  film recording2.webm "${vp9[@]}"
  film recording3.webm "${av1[@]}"
  film recording4.webm "${vp9[@]}" -pix_fmt yuva420p
  film live.webm "${vp8[@]}" -live 1
  film chrome.webm "${x264[@]}" -f matroska
  film call.ivf "${vp8[@]}"
  film call2.ivf "${vp9[@]}"
  film call3.ivf "${av1[@]}"
  film call.obu "${av1[@]}" -f obu
  film safari.mp4 "${x264[@]}" -movflags frag_keyframe+empty_moov+default_base_moof
  film page.gif
  film page.apng -f apng -pix_fmt rgb24
  film page.webp -c:v libwebp_anim -f webp
  film old.ogv -c:v libtheora
  film old.ogm -c:v libtheora -f ogg
  with_sound old.flv -c:v flv -ar 44100 -c:a libmp3lame
  film old2.flv "${x264[@]}"
  film old.f4v "${x264[@]}" -f f4v
  flush
  picture avatar.jfif -c:v mjpeg -f image2
  picture avatar.jif -c:v mjpeg -f image2
  picture avatar.jfi -c:v mjpeg -f image2
  picture preview.webp -c:v libwebp -lossless 1
  same clip.mp4.download safari.mp4
  same clip.mp4.part safari.mp4
  same clip.webm.crdownload recording2.webm
  same video safari.mp4
  same "video (1)" recording.webm
  same photo preview.webp
  same photo.jpg_large avatar.jfif
  same 8f14e45fceea167a page.gif
}

recorders() {
  with_sound obs.mkv "${x264[@]}" -c:a aac
  film obs2.mkv "${x265[@]}"
  film obs3.mp4 "${x264[@]}" -pix_fmt yuv444p
  film obs4.mp4 "${x264[@]}" -movflags +frag_keyframe
  film obs.flv "${x264[@]}"
  film obs.ts "${x264[@]}"
  film obs.mov "${x264[@]}"
  film flash.flv -c:v flashsv
  film flash2.flv -c:v flashsv2
  with_sound windows.wmv -c:v wmv2 -c:a wmav2
  film windows2.wmv -c:v wmv1
  film windows.asf -c:v msmpeg4
  film windows2.asf -c:v msmpeg4v2
  film divx.avi -c:v msmpeg4 -vtag DIV3
  film xvid.avi -c:v libxvid -vtag XVID
  film xvid2.avi -c:v mpeg4 -vtag DX50 -bf 2
  film lossless.avi -c:v huffyuv -pix_fmt yuv422p
  film lossless2.avi -c:v ffvhuff
  film lossless3.avi -c:v utvideo
  film lossless4.avi -c:v ffv1
  film lossless5.mkv -c:v ffv1 -pix_fmt yuv444p
  film raw.avi -c:v rawvideo -pix_fmt yuv420p
  film raw.mov -c:v v210 -pix_fmt yuv422p10le
  film raw.y4m
  film macos.mov -c:v qtrle -pix_fmt rgb24
  film macos2.mov -c:v png -pix_fmt rgb24
  film record.divx -c:v mpeg4 -f avi
  flush
  picture screenshot.png -pix_fmt rgb48be
  picture screenshot2.png -pix_fmt gray
  picture screenshot3.png -pix_fmt rgba
  { cat "$folder/screenshot3.png" && head -c 3000 /dev/zero; } >"$folder/screenshot4.png"
  { cat "$folder/page.gif" && head -c 3000 /dev/zero; } >"$folder/screenshot5.gif"
  ff -f lavfi -i color=white:size=320x240:rate=25:duration=0.4 -i "$work/source.mkv" -map 1:v -map 0:v "${x264[@]}" "$work/depth.mov"
  perl -0777 -pe 's/(.*)vide/$1auxv/s' "$work/depth.mov" >"$folder/CINEMATIC.MOV"
  for name in screenshot4.png screenshot5.gif CINEMATIC.MOV; do tell "$name" ok; done
}

surveillance() {
  film ch01.h264 "${x264[@]}"
  film ch02.264 "${x264[@]}" -f h264
  film ch03.avc "${x264[@]}" -f h264
  film ch04.h265 "${x265[@]}" -f hevc
  film ch05.265 "${x265[@]}" -f hevc
  film ch06.hevc "${x265[@]}"
  film ch07.dav "${x264[@]}" -f h264
  film ch08.dav "${x265[@]}" -f hevc
  film ch09.dav "${x264[@]}" -f vob
  film ch10.mjpg -c:v mjpeg -pix_fmt yuvj420p -f mjpeg
  film ch11.mjpeg -c:v mjpeg -pix_fmt yuvj420p
  film ch12.mjpg -c:v mjpeg -pix_fmt yuvj420p -f mpjpeg
  film ch13.avi "${x264[@]}" -bf 2
  film ch14.avi -c:v mjpeg -pix_fmt yuvj420p
  film ch15.asf -c:v mjpeg -pix_fmt yuvj420p
  film ch16.mp4 "${x264[@]}" -g 2
  film ch17.mpg "${x264[@]}" -f vob
  film ch18.ts "${x265[@]}"
  film ch19.m4v -c:v mpeg4 -f m4v
  film ch20.mkv -c:v mpeg4
  film ch21.mp4 -c:v mpeg4 -vtag mp4v
  film ch22.flv "${x264[@]}"
  flush
  cat "$folder/ch18.ts" "$folder/ch18.ts" >"$folder/joined.ts"
  { printf 'IMKH\001\001\000\000%032d' 0 && cat "$folder/ch17.mpg"; } >"$folder/hik.mp4"
  same export.avi ch16.mp4
  # The times go on where the second begins, as with the parts of a live stream.
  ff -i "$folder/ch18.ts" -c copy -output_ts_offset 0.4 "$work/next.ts"
  cat "$folder/ch18.ts" "$work/next.ts" >"$folder/parts.ts"
  # As recorders leave them, and as they are joined.
  { cat "$folder/ch18.ts" && head -c 40000 /dev/zero; } >"$folder/rescued.ts"
  cat "$folder/old.ogv" "$folder/old.ogv" >"$folder/joined.ogv"
  tell rescued.ts ok
  tell joined.ogv ok
  tell joined.ts ok
  tell parts.ts ok
  tell hik.mp4 ok
}

messengers() {
  with_sound VID-20230401-WA0001.mp4 "${x264[@]}" -profile:v baseline -c:a aac
  film VID-20230401-WA0002.mp4 "${x264[@]}" -g 1
  film animation.gif.mp4 "${x264[@]}" -an
  film sticker.webm "${vp9[@]}" -pix_fmt yuva420p
  film sticker.webp -c:v libwebp_anim -f webp
  film round.mp4 "${x264[@]}" -vf scale=240:240
  film story.mp4 "${x265[@]}" -tag:v hvc1
  film signal.mp4 "${x264[@]}" -brand mp42
  film wechat.mp4 "${x264[@]}" -crf 35
  film line.mov "${x264[@]}"
  flush
  picture IMG-20230401-WA0001.jpg -q:v 12
  picture IMG-20230401-WA0002.jpeg -q:v 20
  picture sticker2.webp -c:v libwebp -q:v 40
  same photo.mp4 IMG-20230401-WA0001.jpg
  same film.jpg round.mp4
  same image.png sticker2.webp
}

trouble() {
  : >"$folder/empty.mp4"
  tell empty.mp4 unreadable "is empty"
  echo "no film" >"$folder/text.mov"
  tell text.mov unreadable "is not a video or picture"
  head -c 1500 "$folder/VID_20230401_101113.mp4" >"$folder/cut.mp4"
  tell cut.mp4 unreadable ""
  head -c $(($(stat -c %s "$folder/IMG_0100.jpg") * 2 / 3)) "$folder/IMG_0100.jpg" >"$folder/cut.jpg"
  tell cut.jpg damaged "cut off"
  sed 's/avc1/vvc1/g' "$folder/signal.mp4" >"$folder/vvc.mp4"
  tell vvc.mp4 unreadable "VVC"
  ff -i "$work/source.mkv" -map 0:v "${x264[@]}" -encryption_scheme cenc-aes-ctr \
    -encryption_key 76a6c65c5ea762046bd749a2e632ccbb -encryption_kid a7e61c373e219033c21091fa607bf3b8 "$folder/drm.mp4"
  tell drm.mp4 unreadable "encrypted"
  ff -i "$work/source.mkv" -map 0:a -c:a aac "$folder/voice.mp4"
  tell voice.mp4 unreadable "has no video stream"
  ff -f lavfi -i color=gray:size=320x240:rate=10:duration=0.3 "${x264[@]}" "$folder/nobody.mp4"
  tell nobody.mp4 no_face ""
  # What is passed over, and counted.
  cp "$folder/voice.mp4" "$folder/voice.m4a"
  for name in notes.txt list.json drawing.svg letter.pdf subtitles.srt; do echo "words" >"$folder/$name"; done
}

phones
camcorders
browsers
recorders
surveillance
messengers
trouble
