#define SHOP_NAME "shop"
#define SHOP_VERSION "1.4.0"
